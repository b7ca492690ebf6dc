metadata description = 'Container registry for the image of the nodes, which Azure Machine Learning builds from scoring/environment.'

import { assignment, roleIds, roleNames } from 'roles.bicep'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name, unique in all of Azure.')
@minLength(5)
@maxLength(50)
param name string

@description('No public endpoint, which needs the Premium tier.')
param isPrivate bool = false

@description('Keep the images in several zones of the region, which needs the Premium tier: nothing where it is not private.')
param zoneRedundant bool = false

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Object ID of the identity that pulls images: that of the nodes.')
param pullPrincipalId string

@description('Object ID of the identity that builds images and pushes them; empty where the registry builds them itself.')
param pushPrincipalId string = ''

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

var pull = {
  roleId: roleIds.acrPull
  why: 'Nodes pull the image that runs are executed in.'
}

var push = {
  roleId: roleIds.acrPush
  why: 'The cluster that builds images puts them into the registry, which is closed and cannot build.'
}
var grants = concat(
  [{ principalId: pullPrincipalId, role: pull }],
  empty(pushPrincipalId) ? [] : [{ principalId: pushPrincipalId, role: push }]
)

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: isPrivate ? 'Premium' : 'Basic'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkRuleBypassOptions: 'AzureServices'
    zoneRedundancy: isPrivate && zoneRedundant ? 'Enabled' : 'Disabled'
  }
}

resource given 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: if (assignRoles) {
    name: guid(registry.id, grant.principalId, grant.role.roleId)
    scope: registry
    properties: {
      principalId: grant.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role.roleId)
      description: grant.role.why
    }
  }
]

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: registry
  properties: {
    workspaceId: logAnalyticsId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

@description('Resource ID.')
output id string = registry.id

@description('Name.')
output name string = registry.name

@description('Every assignment, made or not.')
output assignments assignment[] = [
  for grant in grants: {
    principalId: grant.principalId
    principalType: 'ServicePrincipal'
    roleId: grant.role.roleId
    role: roleNames[grant.role.roleId]
    scope: registry.id
    why: grant.role.why
  }
]
