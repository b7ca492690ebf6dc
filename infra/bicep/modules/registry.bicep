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

@description('Keep the images in several zones of the region.')
param zoneRedundant bool = isPrivate

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Object ID of the identity that pulls images: that of the nodes.')
param pullPrincipalId string

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

var pull = {
  roleId: roleIds.acrPull
  why: 'Nodes pull the image that runs are executed in.'
}

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
    zoneRedundancy: zoneRedundant ? 'Enabled' : 'Disabled'
  }
}

resource nodesPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(registry.id, pullPrincipalId, pull.roleId)
  scope: registry
  properties: {
    principalId: pullPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', pull.roleId)
    description: pull.why
  }
}

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
  {
    principalId: pullPrincipalId
    principalType: 'ServicePrincipal'
    roleId: pull.roleId
    role: roleNames[pull.roleId]
    scope: registry.id
    why: pull.why
  }
]
