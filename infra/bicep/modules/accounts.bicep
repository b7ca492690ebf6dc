metadata description = 'The two storage accounts and who may do what in them: one for people\'s videos, one for the host, the packages and Azure Machine Learning.'

import { assignment } from 'roles.bicep'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the account of the videos.')
param dataName string

@description('Name of the account of the host and of Azure Machine Learning.')
param opsName string

@description('Container that packages of the app are deployed to.')
param packageContainer string = 'app-package'

@description('Queue of uploads; what fails in it goes to another one beside it.')
param uploadQueue string = 'video-uploaded'

@description('Where the page is from that sends uploads straight to the account.')
param pageOrigin string

@description('Keep the blobs in several zones of the region.')
param zoneRedundant bool = false

@description('Let account keys open the account of Azure Machine Learning.')
param allowOpsKeys bool = false

@description('Days without change after which what a job left in container work is deleted; 0 keeps it.')
param workDays int

@description('Close both accounts to the internet.')
param isPrivate bool = false

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Object ID of the function app\'s identity.')
param functionPrincipalId string

@description('Object ID of the scoring nodes\' identity.')
param scoringPrincipalId string

@description('Object ID of the identity that builds the image of the nodes; empty without one.')
param builderPrincipalId string = ''

@description('Object ID of who may upload and download videos; empty for nobody.')
param developerPrincipalId string = ''

@description('What kind of principal that is; it has to be given with the ID.')
@allowed(['', 'User', 'Group', 'ServicePrincipal'])
param developerPrincipalType string = ''

@description('Uploads come by a webhook.')
param usesWebhook bool

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

var developerKind = developerPrincipalType == 'Group'
  ? 'Group'
  : developerPrincipalType == 'ServicePrincipal'
      ? 'ServicePrincipal'
      : developerPrincipalType == 'User' || empty(developerPrincipalId)
          ? 'User'
          : fail('developerPrincipalType has to tell what developerPrincipalId is: User, Group or ServicePrincipal.')
var sku = zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'

module data 'storage.bicep' = {
  name: 'storage-data'
  params: {
    location: location
    tags: tags
    name: dataName
    sku: sku
    containers: ['input', 'work', 'output', 'styles']
    pageOrigins: [pageOrigin]
    workDays: workDays
    isPrivate: isPrivate
    logAnalyticsId: logAnalyticsId
  }
}

module ops 'storage.bicep' = {
  name: 'storage-ops'
  params: {
    location: location
    tags: tags
    name: opsName
    sku: sku
    containers: [packageContainer, 'dead-letters']
    queues: [uploadQueue, '${uploadQueue}-poison']
    restoresBlobs: false
    allowSharedKeys: allowOpsKeys
    isPrivate: isPrivate
    acceptsEvents: true
    logAnalyticsId: logAnalyticsId
  }
}

module access 'access.bicep' = {
  name: 'access'
  params: {
    dataAccountName: data.outputs.name
    opsAccountName: ops.outputs.name
    functionPrincipalId: functionPrincipalId
    scoringPrincipalId: scoringPrincipalId
    builderPrincipalId: builderPrincipalId
    developerPrincipalId: developerPrincipalId
    developerPrincipalType: developerKind
    usesWebhook: usesWebhook
    assignRoles: assignRoles
  }
}

@description('Resource ID of the account of the videos.')
output dataId string = data.outputs.id

@description('Name of the account of the videos.')
output dataName string = data.outputs.name

@description('Endpoint of its blobs, without a slash at its end.')
output dataBlobEndpoint string = data.outputs.blobEndpoint

@description('Resource ID of the account of the host.')
output opsId string = ops.outputs.id

@description('Name of the account of the host.')
output opsName string = ops.outputs.name

@description('Container of packages.')
output packageContainer string = packageContainer

@description('Queue of uploads.')
output uploadQueue string = uploadQueue

@description('Every assignment, made or not.')
output assignments assignment[] = access.outputs.assignments
